import { defineHttpFilter } from '../../../../http/filter.ts';
import { compileConfig, type OAuth2Config } from './config.ts';
import { OAuth2Filter } from './oauth2_filter.ts';

/** Sends who is not logged in to an authorization server, and keeps the session in cookies. */
export const oauth2FilterFactory = defineHttpFilter<{ readonly config: OAuth2Config | undefined }>({
  name: 'envoy.filters.http.oauth2',
  type: 'envoy.extensions.filters.http.oauth2.v3.OAuth2',
  fidelity: {
    level: 'partial',
    notSimulated: ['config.private_key_jwt_config', 'config.token_cookie_chunking'],
  },
  compile: (node, context) => {
    const own = compileConfig(node.child('config'), context);
    return (callbacks, perRoute) => {
      const config = perRoute?.config ?? own;
      return config ? new OAuth2Filter(config, context, callbacks) : {};
    };
  },
  compilePerRoute: (node, context) => ({ config: compileConfig(node.child('config'), context) }),
});
