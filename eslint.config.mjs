// What the pages may use: Chrome 109, the last one on Windows 7. Styles are held to what all browsers had by the end of
// 2022, which is when it was made; what is allowed beyond Chrome 109 has had for longer, or loses nothing where it is unknown.

import css from "@eslint/css";
import compat from "eslint-plugin-compat";

const IN_CHROME_109 = {
  available: 2022,
  allowAtRules: ["page"],
  allowProperties: [
    "accent-color", "clip", "contain-intrinsic-size", "content-visibility", "outline", "overscroll-behavior", "page",
    "paint-order", "print-color-adjust", "resize", "text-size-adjust",
    "text-wrap", // 114; elsewhere a heading is not balanced
  ],
  allowPropertyValues: { "break-after": ["avoid", "page"] },
  allowSelectors: ["has"],
};

export default [
  { files: ["**/*.css"], plugins: { css }, language: "css/css", rules: { "css/use-baseline": ["error", IN_CHROME_109] } },
  { files: ["**/*.js"], ...compat.configs["flat/recommended"] },
];
