import { useState } from "preact/hooks";
import { RANKINGS, type Ranking } from "../../address";
import { useApp } from "../../app-context";
import {
    type FragmentType,
    TopAssetsFragmentDoc,
    TopAssetsOfOrganizationDocument,
    TopAssetsOfWorkspaceDocument,
    read,
} from "../../documents";
import { Choice } from "../../parts/Choice";
import { Panel } from "../../parts/Panel";
import { type AssetVariables, queryFor } from "./scope";

type Props = { metrics: FragmentType<typeof TopAssetsFragmentDoc>; variables: AssetVariables };

const NAMES = { TOTAL_3D_VIEWS: "view3D", TOTAL_AR_VIEWS: "viewAR", USER_ENGAGEMENT: "engagement" } as const;

export function TopAssets({ metrics, variables }: Props) {
    const { speech, filters, change } = useApp();
    const { say, number } = speech;
    const { topAssets } = read(TopAssetsFragmentDoc, metrics);
    const head = [
        "",
        say("asset"),
        say("workspace"),
        say("view3D"),
        say("viewAR"),
        say("engagement"),
        say("interactions"),
    ];
    const table = {
        head: head.slice(1),
        rows: topAssets.map(({ asset, total3DViews, totalARViews, userEngagement, avgNumberInteractions }) => [
            asset.name,
            asset.workspace.name,
            total3DViews,
            totalARViews,
            userEngagement,
            avgNumberInteractions,
        ]),
    };
    return (
        <Panel
            title={say("topAssets")}
            query={queryFor(variables, TopAssetsOfOrganizationDocument, TopAssetsOfWorkspaceDocument)}
            table={table}
            isTable
            isWide
            tools={
                <Choice
                    label={say("rank")}
                    value={filters.ranking}
                    options={RANKINGS.map((each) => [each, say(NAMES[each])])}
                    choose={(ranking) => change({ ranking: ranking as Ranking })}
                />
            }
        >
            {topAssets.length ? (
                <div class="scroll tall" tabIndex={0} role="group" aria-label={say("topAssets")}>
                    <table class="data top">
                        <caption class="unseen">{say("topAssets")}</caption>
                        <thead>
                            <tr>
                                {head.map((text, index) =>
                                    text ? (
                                        <th scope="col" key={text}>
                                            {text}
                                        </th>
                                    ) : (
                                        <td key={index} />
                                    ),
                                )}
                            </tr>
                        </thead>
                        <tbody>
                            {topAssets.map(({ asset, ...figures }) => (
                                <tr key={asset.id}>
                                    <td class="picture">
                                        <Thumbnail formats={asset.formats} />
                                    </td>
                                    <th scope="row">
                                        {filters.asset ? (
                                            asset.name
                                        ) : (
                                            <button
                                                type="button"
                                                class="link"
                                                title={say("filter", { name: asset.name })}
                                                onClick={() => change({ asset: asset.id })}
                                            >
                                                {asset.name}
                                            </button>
                                        )}
                                    </th>
                                    <td class="words">{asset.workspace.name}</td>
                                    <td class="number">{number(figures.total3DViews)}</td>
                                    <td class="number">{number(figures.totalARViews)}</td>
                                    <td class="number">{number(figures.userEngagement)}</td>
                                    <td class="number">
                                        {number(figures.avgNumberInteractions, { maximumFractionDigits: 2 })}
                                    </td>
                                </tr>
                            ))}
                        </tbody>
                    </table>
                </div>
            ) : (
                <p class="nothing">{say("empty")}</p>
            )}
        </Panel>
    );
}

/** The first picture of the asset. The page's policy allows pictures by https and of this server alone. */
function Thumbnail({ formats }: { formats: { type: string; url: string }[] }) {
    const [isBroken, setBroken] = useState(false);
    const picture = formats.find(({ type, url }) => type === "IMAGE" && isAllowed(url));
    if (!picture || isBroken) {
        return (
            <svg viewBox="0 0 24 24" width="36" height="36" class="thumbnail" aria-hidden="true">
                <path
                    d="M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9"
                    fill="none"
                    stroke="currentColor"
                    stroke-width="1.3"
                    stroke-linejoin="round"
                />
            </svg>
        );
    }
    return (
        <img
            class="thumbnail"
            src={picture.url}
            alt=""
            width="36"
            height="36"
            loading="lazy"
            onError={() => setBroken(true)}
        />
    );
}

/** A text that is no URL is not allowed: members write what they like, and one of them may not break the list. */
function isAllowed(url: string): boolean {
    try {
        const { protocol, origin } = new URL(url, location.href);
        return protocol === "https:" || origin === location.origin;
    } catch {
        return false;
    }
}
