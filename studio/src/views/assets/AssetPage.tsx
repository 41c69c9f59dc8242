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
    /** The name of the one asset that is chosen. */
    asset: string | undefined;
    workspaces: { id: string; name: string }[];
    token: string | undefined;
    children?: ComponentChildren;
};

/** What an organization and a workspace have in common. */
export function AssetPage({ title, metrics, totals, before, variables, asset, workspaces, token, children }: Props) {
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
                    <Chip
                        name={siteName(filters.domain, say)}
                        without={say("allSites")}
                        drop={() => change({ domain: null })}
                    />
                )}
                {filters.asset && asset && (
                    <Chip name={asset} without={say("allAssets")} drop={() => change({ asset: null })} />
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

/** A filter that is on, as a button that takes it off. */
function Chip({ name, without, drop }: { name: string; without: string; drop: () => void }) {
    return (
        <button type="button" class="chip" onClick={drop}>
            {name} <span aria-hidden="true">×</span>
            <span class="unseen">{without}</span>
        </button>
    );
}
