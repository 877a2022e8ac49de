/** A track teaches what one article tells; its labs are found by its key. */
export interface Track {
  readonly key: string;
  readonly title: string;
  readonly teaches: string;
  readonly article: { readonly title: string; readonly url: string; readonly minutes: number };
}

const BLOG = 'https://servicemeshblog.com/blog/';

/** In the order in which they are best learned: the mental model of config_dump comes before everything else. */
export const TRACKS: readonly Track[] = [
  {
    key: 'config-dump',
    title: 'config_dump demystified',
    teaches:
      'Follow one request through listener, route, cluster and endpoint, and know which section of a dump to open.',
    article: {
      title: 'Envoy config_dump Demystified: Follow the Packet Through Every Section',
      url: `${BLOG}envoy-config-dump-explained`,
      minutes: 19,
    },
  },
  {
    key: 'xds',
    title: 'How istiod pushes',
    teaches: 'Watch a change become a push, tame a storm of them, and find the proxy that said no.',
    article: {
      title: 'How IstioD Manages Configuration at Scale: A Deep Dive into XDS',
      url: `${BLOG}istiod-xds-configuration-management`,
      minutes: 25,
    },
  },
  {
    key: 'hack-istiod',
    title: 'Hacking on istiod',
    teaches: 'Change what istiod generates, ship it to a proxy, and see why a change does not arrive.',
    article: {
      title: 'Hacking on Istiod: A Step-by-Step Guide to Local Development and Testing',
      url: `${BLOG}istiod-local-development-guide`,
      minutes: 9,
    },
  },
  {
    key: 'signals',
    title: 'Golden signals',
    teaches: 'Tell a slow app from a slow network, read response flags, and write alerts that fire when they should.',
    article: {
      title: 'Istio Observability Series (1/2): Golden Signals for the Data Plane — HTTP, TLS, and gRPC',
      url: `${BLOG}istio-observability-data-plane`,
      minutes: 12,
    },
  },
  {
    key: 'ext-authz',
    title: 'External authorization',
    teaches: 'Wire an authorization server, decide who may pass, and choose what happens when it does not answer.',
    article: {
      title: 'Building a Custom ext_authz Server for Istio: From Code to Production',
      url: `${BLOG}istio-ext-authz-guide`,
      minutes: 12,
    },
  },
  {
    key: 'wasm-build',
    title: 'Building Wasm filters',
    teaches: 'From an empty module to a filter that is configured, tested, shipped and rolled back.',
    article: {
      title: 'Building Envoy WASM Filters: From Hello World to Production',
      url: `${BLOG}envoy-wasm-extensions`,
      minutes: 4,
    },
  },
  {
    key: 'wasm-inside',
    title: 'Wasm inside Envoy',
    teaches: 'Order the callbacks, read a header by hand, and keep state where it belongs.',
    article: {
      title: 'How WebAssembly Actually Works Inside Envoy Proxy',
      url: `${BLOG}how-wasm-works-in-envoy`,
      minutes: 17,
    },
  },
  {
    key: 'bench',
    title: 'Native against Wasm',
    teaches: 'Measure honestly, count the crossings of the sandbox, and decide which kind of filter pays.',
    article: {
      title: 'Native C++ vs WASM Filters in Envoy: A Performance Benchmark',
      url: `${BLOG}native-vs-wasm-filter-benchmark`,
      minutes: 13,
    },
  },
  {
    key: 'ambient',
    title: 'Ambient mesh',
    teaches: 'Move a workload from sidecar to ztunnel and waypoint, and know which of them judges what.',
    article: {
      title: 'Istio Ambient Mesh: A Deep Dive into Ztunnel and Waypoint Proxies',
      url: `${BLOG}istio-ambient-mesh-deep-dive`,
      minutes: 4,
    },
  },
];
