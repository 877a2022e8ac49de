import { regexFault } from '../matching/re2.ts';
import { templateFault } from '../router/uri_template.ts';
import { NONE, problem, type Check } from './check.ts';

/** `type.matcher.v3.RegexMatcher`: RE2 has no look-around and no back-references. */
export const checkRegex: Check = (node) => {
  const regex = node.text('regex') ?? '';
  const fault = regexFault(regex);
  if (!fault) return NONE;
  return problem('regex', node, ['regex'], `The regex "${regex}" is not one that RE2 takes: ${fault.message}.`, {
    help: 'RE2 knows no look-ahead, look-behind or back-reference: try two routes, or a header match.',
    envoySays: fault.message,
  });
};

/** `uri_template` of a path match. */
export const checkUriTemplate: Check = (node) => {
  const template = node.text('path_template') ?? '';
  const fault = templateFault(template);
  if (fault === undefined) return NONE;
  return problem('uri_template', node, ['path_template'], `The template "${template}" is not well formed: ${fault}.`, {
    envoySays: `path_match_policy.path_template ${template} is invalid`,
  });
};
