import type { Certificates } from '#envoy';
import type { Scenario } from './scenario.ts';

const USUAL_DAYS = 3;

/** The certificates of a scenario as the recordings make them: a name of its own, and signed by itself where no CA is named. */
export function certificatesOf({ certificates = {} }: Pick<Scenario, 'certificates'>): Certificates {
  return new Map(
    Object.entries(certificates).map(([name, { cn = name, sans, ca, is_ca: isCa = false, days }]) => [
      name,
      {
        name,
        cn,
        sans: sans ?? (isCa ? [] : [`DNS:${cn}`]),
        ca: ca ?? name,
        issuer: ca === undefined ? cn : (certificates[ca]?.cn ?? ca),
        isCa,
        days: days ?? USUAL_DAYS,
      },
    ]),
  );
}
