import { formatTime } from "@homeostat/api";
import type { CertificateValidity } from "../settings/operator-settings.ts";

/** From when until when a certificate is good, in milliseconds since the epoch. */
export interface Life {
  readonly notBefore: number;
  readonly notAfter: number;
}

const prefix = "tempo.grafana.com/certificate";
/** Annotations of the Secrets, by which is decided; those of the Go operator, so that its certificates go on living. */
export const annotationKeys = {
  notBefore: `${prefix}-not-before`,
  notAfter: `${prefix}-not-after`,
  issuer: `${prefix}-issuer`,
  hostnames: `${prefix}-hostnames`,
} as const;

export type Annotations = Readonly<Record<string, string>>;

export function lifeAnnotations({ notBefore, notAfter }: Life): Annotations {
  return { [annotationKeys.notBefore]: formatTime(notBefore), [annotationKeys.notAfter]: formatTime(notAfter) };
}

/** Undefined where the annotations are missing, or are no times. */
export function lifeOf(annotations: Annotations = {}): Life | undefined {
  const [notBefore, notAfter] = [annotationKeys.notBefore, annotationKeys.notAfter].map((key) =>
    Date.parse(annotations[key] ?? ""),
  );
  return Number.isNaN(notBefore! + notAfter!) ? undefined : { notBefore: notBefore!, notAfter: notAfter! };
}

/** Annotations that others put there stay theirs. */
export function ownAnnotations(annotations: Annotations): Annotations {
  const own = Object.values(annotationKeys).filter((key) => key in annotations);
  return Object.fromEntries(own.map((key) => [key, annotations[key]!]));
}

const at = ({ notBefore, notAfter }: Life, share: number): number => notBefore + (notAfter - notBefore) * share;

/** When another authority is to be made. Equal validity and refresh mean: not before this one ends. */
export function authorityDueAt(life: Life, { caValidity, caRefresh }: CertificateValidity): number {
  if (caValidity === caRefresh) return life.notAfter;
  return Math.min(at(life, 0.8), life.notBefore + caRefresh);
}

/**
 * When a component is to get another certificate. A young authority is given time first, a tenth of the refresh, in
 * which every pod comes to trust it: what it signs is shown to pods that may have been started before it was made.
 * A certificate that would end meanwhile does not wait.
 */
export function certificateDueAt(
  life: Life,
  authority: Pick<Life, "notBefore">,
  { certValidity, certRefresh }: CertificateValidity,
): number {
  if (certValidity === certRefresh) return life.notAfter;
  const aged = Math.min(at(life, 0.8), life.notBefore + certRefresh);
  const settled = authority.notBefore + certRefresh / 10;
  return Math.max(aged, Math.min(settled, at(life, 0.9)));
}
