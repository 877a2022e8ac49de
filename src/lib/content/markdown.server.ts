import { Marked } from 'marked';
import { highlightLines } from './highlight.ts';

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/**
 * The prose of a lab. Besides Markdown it knows two things: a link to `send:GET http://host/path` becomes one that
 * sends that request (its title holds headers, one a line), and a quote is a box with something to do.
 */
const marked = new Marked({
  renderer: {
    link({ href, title, tokens }) {
      const text = this.parser.parseInline(tokens);
      const send = /^send:(.*)$/s.exec(decodeURI(href))?.[1];
      if (send !== undefined)
        return `<a href="#request-and-why" class="send" data-send="${escape(send)}" data-headers="${escape(title ?? '')}">${text}</a>`;
      const isOutside = /^https?:/.test(href);
      return `<a href="${escape(href)}"${isOutside ? ' rel="noopener" target="_blank"' : ''}>${text}</a>`;
    },
    blockquote({ tokens }) {
      return `<aside class="do">${this.parser.parse(tokens)}</aside>`;
    },
    code({ text, lang }) {
      const body = lang === 'yaml' ? highlightLines(text).join('\n') : escape(text);
      return `<pre class="code" tabindex="0"><code>${body}</code></pre>`;
    },
  },
});

export function renderProse(text: string): string {
  return marked.parse(text, { async: false });
}
