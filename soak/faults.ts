/** What a process can be told to do wrong: VMOFFER_SOAK_FAULT. The soak must find each. */
export const FAULTS = ['leak', 'wrong', 'exit', 'hang'] as const;

export type Fault = (typeof FAULTS)[number];

export function faultOfEnvironment(): Fault | undefined {
  return FAULTS.find((fault) => fault === process.env['VMOFFER_SOAK_FAULT']);
}
