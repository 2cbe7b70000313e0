/** The operator cannot start as it was told to. The message names the variable, flag or key, and the way out. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly code = "ERR_SETTINGS";
}
