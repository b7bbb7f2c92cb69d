export { defineRecipe, type Recipe } from './define-recipe.js'
