// Read by mocha before the suite. A title that is known to fail need not wait for its long
// timeout: what is missing in the server does not come later.
"use strict";

const excluded = require("../excluded-titles.json");
const IMPATIENT_MS = 1200;

beforeEach(function () {
  if (this.currentTest.fullTitle() in excluded) {
    this.currentTest.timeout(IMPATIENT_MS);
  }
});
