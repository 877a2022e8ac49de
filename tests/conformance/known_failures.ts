/** Where the simulator still differs from the real Envoy, and why. An entry that starts to pass fails the run. */
export const KNOWN_FAILURES: Readonly<Record<string, string>> = {};
