import type { Action } from "../../address";
import { useApp } from "../../app-context";
import { EngagementFiguresDocument, type EngagementFragment } from "../../documents";
import { type Card, Cards } from "../../parts/Cards";
import type { PublicationVariables } from "./PublicationView";

export const TOTALS: [Action, (figures: EngagementFragment) => number][] = [
    ["VIEW", (figures) => figures.totalViews],
    ["LIKE", (figures) => figures.totalLikes],
    ["BOOKMARK", (figures) => figures.totalBookmarks],
    ["SHARE", (figures) => figures.totalShares],
    ["COMMENT", (figures) => figures.totalComments],
    ["BOOK", (figures) => figures.totalAppointments],
];

/** A card for each figure, with its change. Those of actions choose what the picture below shows. */
export function Engagement({
    figures,
    before,
    variables,
}: {
    figures: EngagementFragment;
    before: EngagementFragment | null | undefined;
    variables: PublicationVariables;
}) {
    const { speech, filters, change } = useApp();
    const { say, number, days } = speech;
    const actions = TOTALS.map(([action, of]): Card => ({
        name: say(action),
        value: of(figures),
        before: before ? of(before) : null,
        choice: { isChosen: filters.action === action, choose: () => change({ action }) },
    }));
    const { estimate, lower, upper } = figures.uniqueVisitors;
    const visitors: Card = {
        name: say("visitors"),
        value: estimate,
        before: before ? before.uniqueVisitors.estimate : null,
        hint: say("visitorsWords", { lower: number(lower), upper: number(upper) }),
    };
    return (
        <Cards
            cards={[visitors, ...actions]}
            comparison={filters.comparison}
            label={days(filters.days.from, filters.days.to)}
            before={variables.before}
            query={{ document: EngagementFiguresDocument, variables }}
        />
    );
}
