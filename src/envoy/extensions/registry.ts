import type { HttpFilterFactory } from '../http/filter.ts';
import { corsFilterFactory } from './filters/http/cors/factory.ts';
import { csrfFilterFactory } from './filters/http/csrf/factory.ts';
import { faultFilterFactory } from './filters/http/fault/factory.ts';
import { rbacFilterFactory } from './filters/http/rbac/factory.ts';

/** Every HTTP filter that is run: one line each. */
const HTTP_FILTERS: readonly HttpFilterFactory[] = [corsFilterFactory, csrfFilterFactory, faultFilterFactory, rbacFilterFactory];

export const HTTP_FILTER_REGISTRY: ReadonlyMap<string, HttpFilterFactory> = new Map(HTTP_FILTERS.map((factory) => [factory.type, factory]));
