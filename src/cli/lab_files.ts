import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { libraryOf, type Library } from '#lab';

const ROOT = 'labs';

function textsBelow(folder: string): [string, string][] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return textsBelow(path);
    return [[path.replaceAll('\\', '/').slice(ROOT.length + 1), readFileSync(path, 'utf8')]];
  });
}

/** The labs of the project's folder `labs/`. */
export function labsOnDisk(): Library {
  const schema = JSON.parse(readFileSync(join(ROOT, 'lab.schema.json'), 'utf8')) as object;
  return libraryOf(Object.fromEntries(textsBelow(ROOT)), schema);
}
