/** Which files may be the addon, in the order in which they are tried. Touches no file. */

export interface AddonChoice {
  /** `Release`, or another build that the project's own specs name. */
  build: string;
  /** `vmoffer`, or another addon that the project's own specs name. */
  addon: string;
  arch: string;
  /** Whether the C library is known not to be glibc. The binaries in the package are made for glibc. */
  hasOtherLibc: boolean;
}

/** Paths below the package's folder. An addon that was built from source comes first. */
export function addonFiles({ build, addon, arch, hasOtherLibc }: AddonChoice): string[] {
  const built = `build/${build}/${addon}.node`;
  const isPublished = build === 'Release' && addon === 'vmoffer';
  return isPublished && !hasOtherLibc ? [built, prebuiltFile(arch)] : [built];
}

export function prebuiltFile(arch: string): string {
  return `prebuilds/linux-${arch}.node`;
}
