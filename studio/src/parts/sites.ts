import type { Speech } from "../words";

/** What stands for all sites beyond those that the server counts separately. */
export const OTHER_SITES = "(other)";

export function siteName(domain: string | null | undefined, say: Speech["say"]): string {
    if (!domain) return say("noSite");
    return domain === OTHER_SITES ? say("otherSites") : domain;
}
