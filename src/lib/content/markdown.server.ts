import { Marked } from 'marked';
import { highlightLines } from './highlight.ts';

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/**
 * The prose of a lab as HTML. Besides Markdown it knows three things: a link to `send:GET http://host/path` becomes one that
 * sends that request (its title holds headers, one a line), a quote is a box with something to do, and a picture of the
 * lab's own folder stands in the page itself, in the page's colours.
 */
export function renderProse(text: string, pictures: Readonly<Record<string, string>>): string {
  const marked = new Marked({
    renderer: {
      link({ href, title, tokens }) {
        const inner = this.parser.parseInline(tokens);
        const send = /^send:(.*)$/s.exec(decodeURI(href))?.[1];
        if (send !== undefined)
          return `<a href="#request-and-why" class="send" data-send="${escape(send)}" data-headers="${escape(title ?? '')}">${inner}</a>`;
        const isOutside = /^https?:/.test(href);
        return `<a href="${escape(href)}"${isOutside ? ' rel="noopener" target="_blank"' : ''}>${inner}</a>`;
      },
      image({ href, text: caption }) {
        const picture = pictures[href];
        if (picture === undefined) throw new Error(`The lab has no picture \`${href}\`.`);
        return `<span class="figure" role="figure">${picture}<span class="caption">${escape(caption)}</span></span>`;
      },
      blockquote({ tokens }) {
        return `<aside class="do">${this.parser.parse(tokens)}</aside>`;
      },
      code({ text: code, lang }) {
        const body = lang === 'yaml' ? highlightLines(code).join('\n') : escape(code);
        return `<pre class="code" tabindex="0"><code>${body}</code></pre>`;
      },
    },
  });
  return marked.parse(text, { async: false });
}
