// Envoy's documentation comments are reStructuredText; editors show Markdown.

const NOTES = { note: 'Note', attention: 'Attention', warning: 'Warning', tip: 'Tip', seealso: 'See also' };

/** A comment of a proto as Markdown: roles become their text, directives a bold word or a code block. */
export function markdownOf(text) {
  const out = [];
  let code;
  for (const line of inline(text).split('\n')) {
    const directive = /^(\s*)\.\. ([\w-]+)::\s*(.*)$/.exec(line);
    if (code && line.trim() !== '' && indentOf(line) <= code.indent) {
      out.push('```', '');
      code = undefined;
    }
    if (directive) {
      const [, indent, name, rest] = directive;
      if (name === 'code-block' || name === 'literalinclude') {
        code = { indent: indent.length };
        out.push('', `\`\`\`${rest}`);
      } else if (NOTES[name]) out.push('', `**${NOTES[name]}** ${rest}`.trim());
      continue;
    }
    out.push(code ? line.slice(code.indent + 2) : line.trim());
  }
  if (code) out.push('```');
  return out
    .join('\n')
    .replace(/```(\w*)\n\n+/g, '```$1\n')
    .replace(/\n+```(\n|$)/g, '\n```$1')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

const indentOf = (line) => line.length - line.trimStart().length;

/** `:ref:` and the like keep the words that a reader sees; notes to the authors of the protos go. */
const inline = (text) =>
  text
    .replace(/\[#[\w-]+:[^\]]*\]/g, '')
    .replace(/:[\w:-]+:`([^`<]*?)\s*<[^`>]*>`/g, '$1')
    .replace(/:[\w:-]+:`([^`]*)`/g, (_, target) => `\`${target.replace(/^envoy_v3_api_\w+_/, '')}\``)
    .replace(/`([^`<]+?)\s*<(https?:[^>]+)>`_+/g, '[$1]($2)')
    .replace(/``([^`]+)``/g, '`$1`');
