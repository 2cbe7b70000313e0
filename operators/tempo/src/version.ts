import metadata from "../package.json" with { type: "json" };
import { defaultImages } from "./settings/images.ts";

/**
 * Version that resources are brought up to, in `status.operatorVersion`: that of the Go operator whose contract this one
 * keeps, since what it left in resources is compared with it. Our own version stands behind the plus sign, which
 * comparisons leave out (semver 2.0.0, section 10).
 */
export const operatorVersion = `0.22.0+homeostat.${metadata.version}`;

/** Version of Tempo that runs where nobody chose an image. */
export const tempoVersion: string = defaultImages.tempo.slice(defaultImages.tempo.lastIndexOf(":") + 1);
