/** What the page cannot do without, in words; empty in every current browser. */
export function missingFeatures(): string[] {
  return [
    typeof Worker === 'undefined' ? 'web workers' : '',
    typeof structuredClone === 'undefined' ? 'structured cloning' : '',
  ].filter((name) => name !== '');
}
