import { recordings } from '#lib/content/fidelity.server.ts';
import fields from './fields.json';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = () => ({ ...recordings(), ...fields });
