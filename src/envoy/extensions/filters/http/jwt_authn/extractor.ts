import type { ConfigNode } from '../../../../config_node.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { cookieValue } from '../../../../http/cookies.ts';

/** A token where it was found, and how to take it off the request. */
export interface Found {
  readonly token: string;
  readonly remove: () => void;
}

/** The tokens of a request in the places that a provider names; `Authorization: Bearer` and `access_token` where it names none. */
export function tokensOf(provider: ConfigNode, request: HeaderMap): Found[] {
  const headers = provider.list('from_headers');
  const parameters = provider.texts('from_params');
  const cookies = provider.texts('from_cookies');
  if (headers.length + parameters.length + cookies.length === 0)
    return [...fromHeader(request, 'authorization', 'Bearer '), ...fromParameter(request, 'access_token')];
  const found = [
    ...headers.flatMap((one) =>
      fromHeader(request, (one.text('name') ?? '').toLowerCase(), one.text('value_prefix') ?? ''),
    ),
    ...parameters.flatMap((name) => fromParameter(request, name)),
    ...cookies.flatMap((name) => fromCookie(request, name)),
  ];
  // The last that was found is judged first.
  return found.reverse();
}

function fromHeader(request: HeaderMap, name: string, prefix: string): Found[] {
  const value = request.get(name);
  if (value === undefined || !value.startsWith(prefix)) return [];
  const token = /^[A-Za-z0-9_.-]*/.exec(value.slice(prefix.length).trimStart())![0];
  return token === '' ? [] : [{ token, remove: () => request.remove(name) }];
}

function fromParameter(request: HeaderMap, name: string): Found[] {
  const path = request.get(':path') ?? '';
  const parts = (path.split('?')[1] ?? '').split('&');
  const found = parts.find((one) => one.startsWith(`${name}=`));
  if (found === undefined) return [];
  const rest = parts.filter((one) => one !== found).join('&');
  return [
    {
      token: found.slice(name.length + 1),
      remove: () => request.set(':path', path.split('?')[0]! + (rest === '' ? '' : `?${rest}`)),
    },
  ];
}

/** A cookie stays where it is. */
function fromCookie(request: HeaderMap, name: string): Found[] {
  const token = cookieValue(request, name);
  return token === undefined ? [] : [{ token, remove: () => undefined }];
}
