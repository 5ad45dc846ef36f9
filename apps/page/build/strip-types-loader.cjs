// A webpack loader for TypeScript that only has to lose its types; Node brings what it takes.

const { stripTypeScriptTypes } = require('node:module')

module.exports = (source) => stripTypeScriptTypes(source)
