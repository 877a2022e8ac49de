import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { NONE, problem } from './check.ts';

/** `scoped_routes` of a connection manager: router/scoped_config_impl.cc, scoped_rds.cc. */
export const checkScopedRoutes = (scoped: ConfigNode | undefined): Diagnostic[] =>
  scoped
    ? [
        ...(scoped.child('scope_key_builder')?.list('fragments') ?? []).flatMap(checkExtractor),
        ...(scoped.child('scoped_route_configurations_list')?.list('scoped_route_configurations') ?? []).flatMap(
          checkInline,
        ),
      ]
    : NONE;

function checkExtractor(fragment: ConfigNode): Diagnostic[] {
  const extractor = fragment.child('header_value_extractor');
  if (!extractor) return NONE;
  if (!extractor.has('index') && !extractor.has('element'))
    return problem('scope_key', extractor, [], 'The extractor takes nothing: give it an `index` or an `element`.', {
      envoySays: 'Proto constraint validation failed (HeaderValueExtractor extract_type not set.)',
    });
  if ((extractor.number('index') ?? 0) === 0 || (extractor.text('element_separator') ?? '') !== '') return NONE;
  return problem(
    'scope_key',
    extractor,
    ['index'],
    'Without an `element_separator` the header is one element: only `index: 0` is there.',
    { envoySays: 'Proto constraint validation failed (Index > 0 for empty string element separator.)' },
  );
}

function checkInline(scope: ConfigNode): Diagnostic[] {
  if (scope.has('route_configuration_name'))
    return problem(
      'scoped_routes',
      scope,
      ['route_configuration_name'],
      'A scope that stands here has its routes here: write them as `route_configuration`, or bring the scopes over SRDS.',
      {
        envoySays: 'Fetching routes via RDS (route_configuration_name) is not supported with inline scoped routes.',
      },
    );
  return scope.has('route_configuration')
    ? NONE
    : problem('scoped_routes', scope, [], 'The scope has no routes: give it a `route_configuration`.', {
        envoySays: 'You must specify a route_configuration with inline scoped routes.',
      });
}
