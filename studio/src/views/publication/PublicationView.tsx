import { rangesOf } from "../../address";
import { useAnswer } from "../../api/useAnswer";
import { useApp } from "../../app-context";
import { EngagementFragmentDoc, PublicationViewDocument, type PublicationViewQuery, read } from "../../documents";
import { Problem, problemOf } from "../../parts/Problem";
import { RangeBar } from "../../parts/RangeBar";
import { Title } from "../../parts/Title";
import { Figures } from "../../parts/Figures";
import { Bookings } from "./Bookings";
import { Comments } from "./Comments";
import { Devices } from "./Devices";
import { Engagement } from "./Engagement";
import { Experiences } from "./Experiences";
import { Followers } from "./Followers";
import { Now } from "./Now";
import { Series } from "./Series";
import { Sharing } from "./Sharing";
import { Sites } from "./Sites";
import { TakenBack } from "./TakenBack";
import { useNow } from "./useNow";

export type PublicationVariables = ReturnType<typeof usePublicationVariables>;

function usePublicationVariables(url: string) {
    const { filters, moment } = useApp();
    return { url, ...rangesOf(filters, moment), action: filters.action, interval: filters.interval };
}

export function PublicationView({ url }: { url: string }) {
    const variables = usePublicationVariables(url);
    const asked = useAnswer(PublicationViewDocument, variables);
    return (
        <Figures asked={asked}>
            {({ data, errors }) => {
                const publication = data?.publication;
                if (!publication) return <Problem problem={problemOf(errors)} again={asked.again} />;
                return (
                    <Page
                        key={url}
                        publication={publication}
                        problem={problemOf(errors)}
                        variables={variables}
                        again={asked.again}
                    />
                );
            }}
        </Figures>
    );
}

type Shown = NonNullable<PublicationViewQuery["publication"]>;

function Page({
    publication,
    problem,
    variables,
    again,
}: {
    publication: Shown;
    problem: ReturnType<typeof problemOf>;
    variables: PublicationVariables;
    again: () => void;
}) {
    const { speech, session, filters, renewMoment } = useApp();
    const { say, time } = speech;
    // The moment has minutes alone: within one, it is not another.
    const renew = () => {
        renewMoment();
        again();
    };
    const now = useNow(variables, Boolean(session && publication.metrics), renew);
    const { name, username } = publication.owner;
    const figures = read(EngagementFragmentDoc, now.metrics ?? publication.metrics);
    return (
        <>
            <Title
                title={publication.name}
                words={say("madeBy", {
                    name: name ?? username,
                    date: time(publication.createdAt, filters.timeZone, { dateStyle: "medium" }),
                })}
            >
                {figures && <RangeBar />}
            </Title>
            {figures ? (
                <>
                    <section class="panel first">
                        <Engagement
                            figures={figures}
                            before={read(EngagementFragmentDoc, publication.before)}
                            variables={variables}
                        />
                        <Series publication={publication} variables={variables} />
                    </section>
                    <div class="panels">
                        <Now now={now} variables={variables} />
                        <Devices publication={publication} variables={variables} />
                        <Sites publication={publication} variables={variables} />
                        <Experiences publication={publication} url={variables.url} />
                        <Followers publication={publication} url={variables.url} />
                        <TakenBack publication={publication} variables={variables} />
                        <Comments url={variables.url} renewedBy={publication} />
                        <Bookings url={variables.url} renewedBy={publication} />
                        {session?.username === username && (
                            <Sharing publication={publication} name={publication.name} url={variables.url} />
                        )}
                    </div>
                </>
            ) : (
                <Problem problem={problem} again={again} />
            )}
        </>
    );
}
