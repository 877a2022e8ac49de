import { expect, test } from 'vitest';
import { ConfigNode } from '../config_node.ts';
import { HeaderMap } from './header_map.ts';
import { compileProxyStatus } from './proxy_status.ts';

const NAMES = { nodeId: 'node-1', serverName: 'envoy' };
const tell = (config: Record<string, boolean | string>, flags: string): unknown => {
  const headers = new HeaderMap([['proxy-status', 'inner; error=dns_error']]);
  const node = new ConfigNode(config, { resource: 'hcm', path: [] });
  const status = compileProxyStatus(node, NAMES)?.(headers, { flags, details: 'why' });
  return { status, header: headers.get('proxy-status') };
};

test('an error is written behind those of proxies nearer to the upstream', () => {
  expect(tell({}, 'URX,UF')).toEqual({
    status: undefined,
    header: 'inner; error=dns_error, envoy; error=connection_refused; details="why; URX,UF"',
  });
});

test('the recommended status takes the place of the answer only where that is asked for', () => {
  expect(tell({ useNodeId: true, setRecommendedResponseCode: true, removeDetails: true }, 'NR')).toEqual({
    status: 500,
    header: 'inner; error=dns_error, node-1; error=destination_not_found',
  });
});

test('where nothing went wrong there is nothing to tell', () => {
  expect(tell({ literalProxyName: 'px' }, '-')).toEqual({ status: undefined, header: 'inner; error=dns_error' });
});
