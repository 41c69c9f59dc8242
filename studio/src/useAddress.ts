import { useEffect, useMemo, useState } from "preact/hooks";
import { type Dropped, type Filters, type Place, filtersOf, pathOf, placeOf, searchOf } from "./address";
import type { App } from "./app-context";
import { daysOf, clockOf, intervalsFor, usualInterval } from "./ranges";

type Address = Pick<
    App,
    "place" | "filters" | "moment" | "renewMoment" | "go" | "change" | "dropped" | "dismiss" | "drop"
>;

/** The place and the filters, as the browser's address has them. Going back and forward works by itself. */
export function useAddress(): Address {
    const [shown, setShown] = useState(() => ({ path: location.pathname, search: location.search }));
    const [moment, setMoment] = useState(() => new Date());
    const [dropped, setDropped] = useState<Dropped>([]);
    const place = useMemo(() => placeOf(shown.path), [shown.path]);
    const read = useMemo(() => filtersOf(shown.search, moment), [shown.search, moment]);

    useEffect(() => {
        const follow = () => {
            setMoment(new Date());
            setDropped([]);
            setShown({ path: location.pathname, search: location.search });
        };
        // Whoever comes back to the page sees today, even if it was left open yesterday.
        const renew = () => document.visibilityState === "visible" && setMoment(new Date());
        addEventListener("popstate", follow);
        document.addEventListener("visibilitychange", renew);
        return () => {
            removeEventListener("popstate", follow);
            document.removeEventListener("visibilitychange", renew);
        };
    }, []);
    useEffect(() => {
        if (!read.dropped.length) return;
        setDropped(read.dropped);
        // What made no sense leaves the address, too: nobody sends it on.
        move(place, read.filters, "replaceState");
    }, [read]);

    function move(to: Place, filters: Filters, how: "pushState" | "replaceState"): void {
        const [path, search] = [pathOf(to), searchOf(filters)];
        if (path !== location.pathname || search !== location.search) history[how](null, "", path + search);
        setShown({ path, search });
    }
    function go(to: Place, changed: Partial<Filters> = {}): void {
        const filters = { ...read.filters, ...changed };
        if (changed.period && changed.period !== "own")
            filters.days = daysOf(changed.period, clockOf(filters.timeZone, moment).day);
        if (changed.period && !changed.interval) filters.interval = usualInterval(filters.days);
        if (!intervalsFor(filters.days).includes(filters.interval)) filters.interval = usualInterval(filters.days);
        setDropped([]);
        setMoment(new Date());
        move(to, filters, place.kind === "home" ? "replaceState" : "pushState");
    }
    return {
        place,
        filters: read.filters,
        moment,
        renewMoment: () => setMoment(new Date()),
        go,
        change: (changed) => go(place, changed),
        dropped,
        dismiss: () => setDropped([]),
        drop: (filter) => {
            move(place, { ...read.filters, [filter]: null }, "replaceState");
            setDropped([filter]);
        },
    };
}
