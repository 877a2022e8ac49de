import { EMPTY_DRAFT } from '../state/request_draft.ts';
import { EXAMPLE } from '../example.ts';
import { highlightLines } from './highlight.ts';
import type { LabPage } from './lab_page.ts';
import { renderProse } from './markdown.server.ts';
import { TRACKS } from './tracks.ts';

/** The labs in their order. */
export function allLabs(): LabPage[] {
  const track = TRACKS[0]!;
  return [
    {
      slug: 'example',
      title: 'A 404 that nobody’s server sent',
      minutes: 8,
      track: { key: track.key, title: track.title },
      article: track.article,
      number: 1,
      count: 1,
      next: undefined,
      prose: renderProse(PROSE),
      files: { 'envoy.yaml': EXAMPLE },
      solution: { 'envoy.yaml': EXAMPLE.replace('[shop.example]', '[shop.example, "shop.example:10000"]') },
      config: 'envoy.yaml',
      highlighted: highlightLines(EXAMPLE),
      upstreams: undefined,
      to: '127.0.0.1:10000',
      first: { ...EMPTY_DRAFT, authority: 'shop.example:10000' },
      tasks: [
        { title: 'shop.example reaches the shop', isHidden: false },
        { title: 'With a port in Host it reaches the shop too', isHidden: false },
        { title: 'Any other host is still refused by Envoy', isHidden: true },
      ],
    },
  ];
}

const PROSE = `
The shop is up. Its logs are empty. Yet a browser that asks for \`shop.example:10000\` gets a 404 in under a millisecond. No server of yours wrote it: Envoy did, before it chose a cluster.

An HTTP connection manager looks for a **virtual host** first, by the value of \`Host\`. Exact names win over suffixes, suffixes over prefixes, and \`*\` comes last. The order in the file does not matter here; one level down, for routes, it is all that matters.

> **Try it.** [Send \`GET /\` with Host \`shop.example:10000\`](<send:GET http://shop.example:10000/>), then open **Why** and step to the red line.

The name in \`domains\` is compared with the whole \`Host\` value, port included, unless the connection manager is told to drop it.
`;
