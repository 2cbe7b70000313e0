import { X509Certificate } from "node:crypto";
import { createVirtualClock, type VirtualClock } from "@homeostat/api";
import { expect, test } from "vitest";
import {
  type CertificatePlan,
  caBundle,
  type KeptCertificates,
  planCertificates,
  splitPem,
} from "./certificate-plan.ts";

const dayMs = 24 * 3_600_000;
const plan: CertificatePlan = {
  hosts: ["webhooks.demo.svc"],
  validMs: 90 * dayMs,
  authorityValidMs: 1_000 * dayMs,
  overlapMs: dayMs,
};

const endsAfter = (pem: string, clock: VirtualClock): number =>
  Date.parse(new X509Certificate(pem).validTo) - clock.now();
const signed = ({ serving, authority }: KeptCertificates): boolean =>
  new X509Certificate(serving.certificate).verify(new X509Certificate(authority.certificate).publicKey);

test("changes nothing while all is well", async () => {
  const clock = createVirtualClock();
  const kept = planCertificates(undefined, plan, clock);
  await clock.advance(59 * dayMs);
  expect(planCertificates(kept, plan, clock)).toBe(kept);
});

test("makes all anew at once when it comes back after everything has run out", async () => {
  const clock = createVirtualClock();
  const kept = planCertificates(undefined, plan, clock);
  await clock.advance(2_000 * dayMs);
  const anew = planCertificates(kept, plan, clock);
  expect(splitPem(caBundle(anew))).toEqual([anew.authority.certificate]);
  expect(anew.authority.certificate).not.toBe(kept.authority.certificate);
  expect(signed(anew)).toBe(true);
  expect(endsAfter(anew.serving.certificate, clock)).toBeGreaterThan(89 * dayMs);
  expect(anew.next).toBeUndefined();
});

test("never issues a certificate that outlives who signed it", async () => {
  const clock = createVirtualClock();
  const long = { ...plan, validMs: 5_000 * dayMs };
  const { serving, authority } = planCertificates(undefined, long, clock);
  expect(endsAfter(serving.certificate, clock)).toBeLessThanOrEqual(endsAfter(authority.certificate, clock));
});

test("catches up with a change of authority that is due after a pause within its life", async () => {
  const clock = createVirtualClock();
  let kept = planCertificates(undefined, plan, clock);
  const old = kept.authority.certificate;
  await clock.advance(700 * dayMs);
  kept = planCertificates(kept, plan, clock);
  expect(kept.next).toBeDefined();
  expect(kept.authority.certificate).toBe(old);
  expect(signed(kept)).toBe(true);
  await clock.advance(10 * dayMs);
  kept = planCertificates(kept, plan, clock);
  expect(kept.authority.certificate).not.toBe(old);
  expect(signed(kept)).toBe(true);
  // Others still show what the old one signed.
  expect(splitPem(caBundle(kept))).toEqual([kept.authority.certificate, old]);
  await clock.advance(dayMs / 2);
  expect(planCertificates(kept, plan, clock)).toBe(kept);
  await clock.advance(dayMs / 2);
  expect(planCertificates(kept, plan, clock).previous).toEqual([]);
});
