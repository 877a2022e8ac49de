import { MAX_TEXT } from './editor_props.ts';

/** Reads a file that somebody dropped: it may be anything, of any size. */
export async function readDropped(file: File): Promise<{ text: string } | { refusal: string }> {
  if (file.size > MAX_TEXT)
    return {
      refusal: `${file.name} has ${file.size.toLocaleString('en')} bytes; a configuration here may have ${MAX_TEXT.toLocaleString('en')}. Your text is kept.`,
    };
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
    if (!text.includes('\0')) return { text };
  } catch {
    // Not UTF-8: said below.
  }
  return { refusal: `${file.name} is not text (UTF-8): expected YAML or JSON. Your text is kept.` };
}
