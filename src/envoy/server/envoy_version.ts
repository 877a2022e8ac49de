import { ENVOY_VERSION } from '#api';

export const REVISION = '9e5580933739775e8bce696a57a2e1bc99368f23';
/** As Envoy names its build: common/version/version.cc. */
export const ENVOY_VERSION_TEXT = `${REVISION}/${ENVOY_VERSION}/Clean/RELEASE/BoringSSL`;
