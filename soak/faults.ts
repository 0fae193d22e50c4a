/** The faults that VMOFFER_SOAK_FAULT can make a process have. The soak must find each. */
export const FAULTS = ['leak', 'wrong', 'exit', 'hang'] as const;

export type Fault = (typeof FAULTS)[number];

export function faultOfEnvironment(): Fault | undefined {
  return FAULTS.find((fault) => fault === process.env['VMOFFER_SOAK_FAULT']);
}
