import type { ComponentChildren } from "preact";
import { useApp } from "../../app-context";
import type {
    AssetSeriesFragmentDoc,
    AssetSitesFragmentDoc,
    AssetTotalsFragment,
    FragmentType,
    TopAssetsFragmentDoc,
} from "../../documents";
import { Choice } from "../../parts/Choice";
import { Title } from "../../parts/Title";
import { RangeBar } from "../../parts/RangeBar";
import { AssetSeries } from "./AssetSeries";
import { AssetSites } from "./AssetSites";
import { AssetTotals } from "./AssetTotals";
import { TopAssets } from "./TopAssets";
import type { AssetVariables } from "./scope";
import { siteName } from "../../parts/sites";

type Props = {
    title: string;
    metrics: FragmentType<typeof AssetSeriesFragmentDoc> &
        FragmentType<typeof TopAssetsFragmentDoc> &
        FragmentType<typeof AssetSitesFragmentDoc>;
    totals: AssetTotalsFragment;
    before: AssetTotalsFragment | null | undefined;
    variables: AssetVariables;
    workspaces: { id: string; name: string }[];
    token: string | undefined;
    children?: ComponentChildren;
};

/** What an organization and a workspace have in common. */
export function AssetPage({ title, metrics, totals, before, variables, workspaces, token, children }: Props) {
    const { speech, filters, change } = useApp();
    const { say } = speech;
    return (
        <>
            <Title title={title} words={say("assets")}>
                <RangeBar>
                    {workspaces.length > 1 && (
                        <Choice
                            label={say("workspace")}
                            value={filters.workspace ?? ""}
                            options={[
                                ["", say("allWorkspaces")],
                                ...workspaces.map(({ id, name }): [string, string] => [id, name]),
                            ]}
                            choose={(workspace) => change({ workspace: workspace || null })}
                        />
                    )}
                </RangeBar>
                {filters.domain && (
                    <button type="button" class="chip" onClick={() => change({ domain: null })}>
                        {siteName(filters.domain, say)} <span aria-hidden="true">×</span>
                        <span class="unseen">{say("allSites")}</span>
                    </button>
                )}
            </Title>
            <section class="panel first">
                <AssetTotals totals={totals} before={before} variables={variables} />
                <AssetSeries metrics={metrics} variables={variables} token={token} />
            </section>
            <div class="panels">
                <TopAssets metrics={metrics} variables={variables} />
                {children}
                <AssetSites metrics={metrics} variables={variables} />
            </div>
        </>
    );
}
