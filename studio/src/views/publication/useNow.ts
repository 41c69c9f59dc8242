import { useEffect, useRef, useState } from "preact/hooks";
import { watch } from "../../api/watch";
import type { Action } from "../../address";
import { useApp } from "../../app-context";
import {
    type EngagementFragment,
    EngagementFragmentDoc,
    NowDocument,
    type NowSubscription,
    read,
} from "../../documents";
import { TOTALS } from "./Engagement";
import type { PublicationVariables } from "./PublicationView";

const HOUR_MS = 3_600_000;
const MOST_HAPPENINGS = 8;
const PAUSE_MS = 1500;

export type Happening = { at: string; action: Action; count: number };
export type NowState = {
    /** The cards' figures, if they are newer than the answer of the view. */
    metrics: NonNullable<NowSubscription["publicationMetricsChanged"]>["metrics"];
    hour: EngagementFragment | null;
    since: string;
    happenings: Happening[];
    isConnected: boolean;
};

/** What happens while the page is open. Each change also renews the rest of the view, at most every second and a half. */
export function useNow(variables: PublicationVariables, isAllowed: boolean, renew: () => void): NowState {
    const { session, endSession } = useApp();
    const { url, range, timeZone } = variables;
    const token = session?.token;
    const [since] = useState(() => `${new Date(Date.now() - HOUR_MS).toISOString().slice(0, 17)}00Z`);
    const [state, setState] = useState<Omit<NowState, "since">>(NOTHING);
    const last = useRef<EngagementFragment | null>(null);
    const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

    useEffect(() => {
        setState((before) => ({ ...before, metrics: null }));
        if (!isAllowed || !token) return undefined;
        const hour = { start: since, end: new Date(Date.parse(since) + 25 * HOUR_MS).toISOString() };
        let isFirst = true;
        const stop = watch(
            NowDocument,
            { url, range, hour, timeZone },
            token,
            ({ data, errors }) => {
                if (errors.some(({ extensions }) => extensions?.code === "UNAUTHENTICATED")) endSession();
                const publication = data?.publicationMetricsChanged;
                const figures = read(EngagementFragmentDoc, publication?.hour) ?? null;
                const happened = figures && last.current ? differences(last.current, figures) : [];
                last.current = figures;
                setState((before) => ({
                    metrics: publication?.metrics ?? null,
                    hour: figures,
                    happenings: [...happened, ...before.happenings].slice(0, MOST_HAPPENINGS),
                    isConnected: true,
                }));
                if (!isFirst) {
                    clearTimeout(timer.current);
                    timer.current = setTimeout(renew, PAUSE_MS);
                }
                isFirst = false;
            },
            (isConnected) => setState((before) => ({ ...before, isConnected })),
        );
        return () => {
            clearTimeout(timer.current);
            stop();
        };
    }, [url, range.start, range.end, timeZone, token, isAllowed]);
    return { ...state, since };
}

const NOTHING = { metrics: null, hour: null, happenings: [], isConnected: false };

function differences(before: EngagementFragment, after: EngagementFragment): Happening[] {
    const at = new Date().toISOString();
    return TOTALS.map(([action, of]) => ({ at, action, count: of(after) - of(before) })).filter(
        ({ count }) => count > 0,
    );
}
