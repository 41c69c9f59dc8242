import { useEffect, useState } from "preact/hooks";
import { useSpeech } from "../app-context";
import { recall, remember } from "../kept";
import { Choice } from "./Choice";

const APPEARANCES = ["system", "light", "dark"] as const;
type Appearance = (typeof APPEARANCES)[number];

export function AppearanceChoice() {
    const { say } = useSpeech();
    const [chosen, setChosen] = useState<Appearance>(
        () => APPEARANCES.find((each) => each === recall("appearance")) ?? "system",
    );
    useEffect(() => {
        document.documentElement.style.colorScheme = chosen === "system" ? "light dark" : chosen;
    }, [chosen]);
    return (
        <Choice
            label={say("appearance")}
            value={chosen}
            options={APPEARANCES.map((each) => [each, say(each)])}
            choose={(appearance) => {
                remember("appearance", appearance);
                setChosen(appearance as Appearance);
            }}
        />
    );
}
