/** The cluster was asked, and what it says is of no use: a person has to mend that. */
export class PlatformFinding extends Error {
  override readonly name = "PlatformFinding";
  readonly code = "PLATFORM_FINDING";
}
