import type { ViewType } from "../../address";
import { useApp } from "../../app-context";
import {
    type AssetTotalsFragment,
    AssetTotalsOfOrganizationDocument,
    AssetTotalsOfWorkspaceDocument,
} from "../../documents";
import { type Card, Cards } from "../../parts/Cards";
import { type AssetVariables, queryFor } from "./scope";

type Props = {
    totals: AssetTotalsFragment;
    before: AssetTotalsFragment | null | undefined;
    variables: AssetVariables;
};

/** A card for each figure. Those of views choose what the pictures show. */
export function AssetTotals({ totals, before, variables }: Props) {
    const { speech, filters, change } = useApp();
    const { say, number, days } = speech;
    const choiceOf = (viewType: ViewType) => ({
        isChosen: filters.viewType === viewType,
        choose: () => change({ viewType }),
    });
    const visitors = totals.uniqueVisitors;
    const cards: Card[] = [
        {
            name: say("view3D"),
            value: totals.total3DViews,
            before: before?.total3DViews ?? null,
            choice: choiceOf("VIEW_3D"),
        },
        {
            name: say("viewAR"),
            value: totals.totalARViews,
            before: before?.totalARViews ?? null,
            choice: choiceOf("VIEW_AR"),
        },
        { name: say("engagement"), value: totals.userEngagement, before: before?.userEngagement ?? null },
        {
            name: say("interactions"),
            value: totals.avgNumberInteractions,
            before: before?.avgNumberInteractions ?? null,
            digits: 2,
        },
    ];
    // Visitors are not kept by site.
    if (visitors) {
        cards.push({
            name: say("visitors"),
            value: visitors.estimate,
            before: before?.uniqueVisitors?.estimate ?? null,
            hint: say("visitorsWords", { lower: number(visitors.lower), upper: number(visitors.upper) }),
        });
    }
    return (
        <Cards
            cards={cards}
            comparison={filters.comparison}
            label={days(filters.days.from, filters.days.to)}
            before={variables.before}
            query={queryFor(variables, AssetTotalsOfOrganizationDocument, AssetTotalsOfWorkspaceDocument)}
        />
    );
}
