const NAME = "studio:figures";
let tell: () => void = () => undefined;

/** Fulfilled when the first figures are on the page. What they do not need waits for it. */
export const firstFigures = new Promise<void>((fulfil) => {
    tell = fulfil;
});

/** Also leaves a mark for measurements. */
export function figuresAreShown(): void {
    if (!performance.getEntriesByName(NAME).length) performance.mark(NAME);
    tell();
}
