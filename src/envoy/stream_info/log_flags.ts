/** Response flags in Envoy's own order, each once: stream_info.h, CoreResponseFlag. */
const ORDER = [
  'LH',
  'UH',
  'UT',
  'LR',
  'UR',
  'UF',
  'UC',
  'UO',
  'NR',
  'DI',
  'FI',
  'RL',
  'UAEX',
  'RLSE',
  'DC',
  'URX',
  'SI',
  'IH',
  'DPE',
  'UMSDR',
  'RFCF',
  'NFCF',
  'DT',
  'UPE',
  'NC',
  'OM',
  'DF',
  'DO',
  'DR',
  'UDO',
];

export class LogFlags {
  readonly #flags = new Set<string>();

  add(flag: string): void {
    this.#flags.add(flag);
  }

  /** As RESPONSE_FLAGS writes them. */
  toString(): string {
    if (this.#flags.size === 0) return '-';
    return [...this.#flags].sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)).join(',');
  }
}

/** Flags as RESPONSE_FLAGS writes them, as one number with a bit for each. */
export const flagBits = (flags: string): number =>
  flags.split(',').reduce((bits, flag) => (ORDER.includes(flag) ? bits + 2 ** ORDER.indexOf(flag) : bits), 0);
