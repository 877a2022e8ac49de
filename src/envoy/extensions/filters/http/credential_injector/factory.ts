import { textOfSource } from '../../../../data_source.ts';
import { defineHttpFilter, type FilterCallbacks } from '../../../../http/filter.ts';
import { createStats } from '../../../../stats/stat_set.ts';

const GENERIC = 'injected_credentials.generic.v3.Generic';

/** Gives requests a credential of Envoy's own: extensions/filters/http/credential_injector. */
export const credentialInjectorFilterFactory = defineHttpFilter({
  name: 'envoy.filters.http.credential_injector',
  type: 'envoy.extensions.filters.http.credential_injector.v3.CredentialInjector',
  fidelity: { level: 'partial', notSimulated: ['credentials of OAuth2'] },
  compile: (node, { stats, statPrefix, secrets, fileSystem }) => {
    const config = node.child('credential')?.child('typed_config');
    if (config?.text('@type')?.endsWith(GENERIC) !== true) return () => ({});
    const header = (config.text('header') || 'Authorization').toLowerCase();
    const prefix = config.text('header_value_prefix') ?? '';
    const name = config.child('credential')?.text('name') ?? '';
    const counters = createStats(stats, `${statPrefix}credential_injector.`, {
      counters: ['already_exists', 'failed', 'injected'],
    });
    const tell = (callbacks: FilterCallbacks, isGood: boolean, sentence: string): void =>
      callbacks.trace?.record({
        kind: 'credential_injected',
        state: isGood ? 'matched' : 'failed',
        because: node.ref,
        sentence,
      });
    return (callbacks) => ({
      decode: () => {
        const { request } = callbacks;
        if (!node.flag('overwrite') && request.has(header)) {
          counters.already_exists.inc();
          tell(callbacks, true, `The request has its own \`${header}\`.`);
          return 'continue';
        }
        const secret = textOfSource(secrets.get(name)?.child('generic_secret')?.child('secret'), fileSystem) ?? '';
        if (secret !== '') {
          counters.injected.inc();
          request.set(header, prefix + secret);
          tell(callbacks, true, `The request gets the credential \`${name}\` in \`${header}\`.`);
          return 'continue';
        }
        counters.failed.inc();
        tell(callbacks, false, `There is no credential \`${name}\`.`);
        if (node.flag('allow_request_without_credential')) return 'continue';
        callbacks.sendLocalReply({
          status: 401,
          body: 'Failed to inject credential.',
          details: 'failed_to_inject_credential',
        });
        return 'stop_iteration';
      },
    });
  },
});
