import hljs from 'highlight.js/lib/core';
import yaml from 'highlight.js/lib/languages/yaml';

hljs.registerLanguage('yaml', yaml);

/** YAML as HTML, a string for each line: a span that runs over a line end is closed there and opened again. */
export function highlightLines(text: string): string[] {
  const open: string[] = [];
  return hljs
    .highlight(text, { language: 'yaml' })
    .value.split('\n')
    .map((line) => {
      const before = open.join('');
      for (const [tag] of line.matchAll(/<span[^>]*>|<\/span>/g)) {
        if (tag === '</span>') open.pop();
        else open.push(tag);
      }
      return before + line + '</span>'.repeat(open.length);
    });
}
