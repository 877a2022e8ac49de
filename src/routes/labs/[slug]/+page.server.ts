import { error } from '@sveltejs/kit';
import { allLabs } from '#lib/content/labs.server.ts';
import { fidelity } from '#lib/content/fidelity.server.ts';
import type { EntryGenerator, PageServerLoad } from './$types';

export const entries: EntryGenerator = () => allLabs().map(({ manifest }) => ({ slug: manifest.slug }));

export const load: PageServerLoad = ({ params }) => {
  const lab = allLabs().find((one) => one.manifest.slug === params.slug);
  if (!lab) error(404, `There is no lab “${params.slug}”.`);
  return { lab, fidelity: fidelity() };
};
