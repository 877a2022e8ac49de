// Three things that the build of the site does besides Vite's own work.
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

/**
 * `file?gzip`: the address of the file, packed. Hosts do not compress what they do not know, and the descriptors are
 * five times smaller packed. The dev server gives the file as it is.
 */
export function gzipAssets() {
  let isBuild = false;
  return {
    name: 'gzip-assets',
    enforce: 'pre',
    configResolved: (config) => void (isBuild = config.command === 'build'),
    resolveId(source, importer) {
      if (source.endsWith('?gzip') && importer) return `${resolve(dirname(importer), source.slice(0, -5))}?gzip`;
    },
    load(id) {
      if (!id.endsWith('?gzip')) return;
      const file = id.slice(0, -5);
      if (!isBuild) return `export default ${JSON.stringify(`/@fs${file}`)};`;
      const asset = this.emitFile({
        type: 'asset',
        name: `${basename(file)}.gz`,
        source: gzipSync(readFileSync(file), { level: 9 }),
      });
      return `export default import.meta.ROLLUP_FILE_URL_${asset};`;
    },
  };
}

/** Monaco's style sheets come with Monaco: otherwise every page would load them before its first paint. */
export function monacoStylesOnDemand() {
  const MARK = '\0monaco-style:';
  return {
    name: 'monaco-styles-on-demand',
    enforce: 'pre',
    resolveId(source, importer) {
      if (source.endsWith('.css') && importer?.includes('/monaco-editor/'))
        return `${MARK}${resolve(dirname(importer), source)}.js`;
    },
    load(id) {
      if (!id.startsWith(MARK)) return;
      const file = id.slice(MARK.length, -3);
      return [
        `import text from ${JSON.stringify(`${file}?inline`)};`,
        `const style = document.createElement('style');`,
        `style.textContent = text;`,
        `document.head.append(style);`,
      ].join('\n');
    },
  };
}

/** The files of workers are in no list that SvelteKit gives to the service worker: this names them. */
export function workerFiles() {
  return {
    name: 'worker-files',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const files = Object.keys(bundle).filter((file) => file.includes('/workers/'));
        if (files.length > 0)
          this.emitFile({ type: 'asset', fileName: '_app/worker-files.json', source: JSON.stringify(files) });
      },
    },
  };
}
