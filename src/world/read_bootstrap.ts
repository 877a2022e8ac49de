import type { Api, Messages, NamedFile, ReadConfig } from '#api';
import { FIDELITY, MessageChecks, staticFacts, type CheckFacts } from '#envoy';
import { nearest, type Diagnostic } from '#source';
import type { Scenario } from './scenario.ts';

/** What references and diagnostics call the bootstrap. */
export const BOOTSTRAP_NAME = 'envoy.yaml';

const BOOTSTRAP = {
  resource: BOOTSTRAP_NAME,
  type: 'envoy.config.bootstrap.v3.Bootstrap' satisfies keyof Messages,
  fidelity: FIDELITY,
};

/** What was read last: a lab plays one text many times over, and nothing that plays it changes what was read. */
const last = new WeakMap<Api, { readonly config: string; readonly files: string; readonly read: ReadConfig }>();

/**
 * Reads a bootstrap and judges it as Envoy does at start: its fields, then what they mean together, then whether the
 * files that it names are there. Without `files` nobody knows which there are, and none is missed.
 */
export function readBootstrap(api: Api, config: string, files?: ReadonlySet<string>): ReadConfig {
  const names = files ? [...files].sort().join('\n') : 'unknown';
  const known = last.get(api);
  if (known?.config === config && known.files === names) return known.read;
  const read = judged(api, config, files);
  last.set(api, { config, files: names, read });
  return read;
}

function judged(api: Api, config: string, files: ReadonlySet<string> | undefined): ReadConfig {
  const checks = new MessageChecks();
  const read = api.read(config, { ...BOOTSTRAP, visit: checks.visit });
  const checked = read.value ? checks.run(staticNames(read)) : [];
  const missing = files
    ? read.files.flatMap((file) => (file.isWatched ? missingFolder(file, files) : missingFile(file, files)))
    : [];
  const placed = [...checked, ...missing].map((one) => {
    const range = read.rangeOf(one.ref.path);
    return range ? { ...one, range } : one;
  });
  return { ...read, diagnostics: [...read.diagnostics, ...placed] };
}

/** What static routes and filters may name; unknown where a mistake may hide one. */
function staticNames({ value, diagnostics }: ReadConfig): CheckFacts {
  if (diagnostics.some((one) => one.severity === 'error')) return { clusters: undefined };
  return staticFacts(value ?? {});
}

/** The files of a scenario as its configuration names them, those of its certificates included. */
export function filesOf({ files, certificates }: Pick<Scenario, 'files' | 'certificates'>): ReadonlySet<string> {
  const pairs = Object.keys(certificates ?? {}).flatMap((name) => [`certs/${name}.pem`, `certs/${name}.key`]);
  return new Set([...Object.keys(files ?? {}), ...pairs]);
}

/** What every machine has that an Envoy runs on. */
const SYSTEM_FILES = new Set(['/etc/ssl/certs/ca-certificates.crt', '/dev/null', '/dev/stdout', '/dev/stderr']);

/** Folders that are there, whatever files there are. */
const SYSTEM_FOLDERS = new Set(['', '.', '/etc', '/opt', '/run', '/srv', '/tmp', '/var']);

function missingFolder({ name, ref }: NamedFile, files: ReadonlySet<string>): Diagnostic[] {
  const folder = name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : '.';
  if (SYSTEM_FOLDERS.has(folder) || [...files].some((file) => file.startsWith(`${folder}/`))) return [];
  return [
    {
      code: 'missing_folder',
      severity: 'error',
      ref,
      message: `There is no folder \`${folder}\` here.`,
      help: 'Leave the layer out, or name a folder that is there.',
      envoySays: `unable to add filesystem watch for file ${name}: No such file or directory`,
    },
  ];
}

function missingFile({ name, ref }: NamedFile, files: ReadonlySet<string>): Diagnostic[] {
  if (SYSTEM_FILES.has(name) || files.has(name.replace(/^\.\//, ''))) return [];
  const meant = nearest(name, files);
  return [
    {
      code: 'missing_file',
      severity: 'error',
      ref,
      message: `There is no file \`${name}\` here.`,
      help: meant === undefined ? 'Add it beside this one, or write its content inline.' : `Did you mean \`${meant}\`?`,
      envoySays: `Invalid path: ${name}`,
    },
  ];
}
