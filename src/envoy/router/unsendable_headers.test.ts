import { describe, expect, it } from 'vitest';
import { HeaderMap } from '../http/header_map.ts';
import { headerFault } from './unsendable_headers.ts';

describe('headerFault', () => {
  const faultOf = (name: string, value: string): string | undefined =>
    headerFault(
      new HeaderMap([
        [':method', 'GET'],
        [name, value],
      ]),
    );

  it('takes what a line may hold', () => {
    expect(faultOf('x-a', 'a\tb é')).toBeUndefined();
    expect(faultOf(':path', '/')).toBeUndefined();
  });

  it('asks for a method', () => {
    expect(headerFault(new HeaderMap())).toBe('missing required header: :method');
  });

  it('names a name that is no token', () => {
    expect(faultOf('x a', '1')).toBe('invalid header name: x a');
  });

  it('names the header whose value ends the line', () => {
    for (const bad of ['1\n2', '\r', '\u0001', '\u007f', '\0'])
      expect(faultOf('x-a', bad)).toBe('invalid header value for: x-a');
  });
});
