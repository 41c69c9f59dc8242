import { useMemo } from "preact/hooks";
import { OWN_TIME_ZONE } from "../address";

/** All zones that the browser knows, with the viewer's own first. */
export function useTimeZones(shown: string): [string, string][] {
    return useMemo(() => {
        const first = [...new Set([OWN_TIME_ZONE, "UTC", shown])];
        const rest = Intl.supportedValuesOf("timeZone").filter((zone) => !first.includes(zone));
        return [...first, ...rest].map((zone) => [zone, zone.replaceAll("_", " ")]);
    }, [shown]);
}
