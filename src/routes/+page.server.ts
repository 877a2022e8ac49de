import { allLabs } from '#lib/content/labs.server.ts';
import { TRACKS } from '#lib/content/tracks.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = () => ({
  tracks: TRACKS.map((track) => ({
    ...track,
    labs: allLabs()
      .filter((lab) => lab.track.key === track.key)
      .map(({ manifest: { slug, title, minutes, checks } }) => ({ slug, title, minutes, taskCount: checks.length })),
  })),
});
