"""VirtualServices: weights read and written.

From the pure to the imperative:

* ``fields``: narrowing of parsed JSON.
* ``hosts``: short and full host names.
* ``weights``: how two arms divide what they jointly have in a route.
* ``written``: routes as their author wrote them.
* ``routes``: which routes of a VirtualService a plan moves, or why it cannot.
* ``subsets``: whether a DestinationRule defines the subset of an arm.
* ``annotations``: what we keep on a VirtualService besides its weights.
* ``patch``: all of that as one JSON patch.
* ``sight``: a plan's VirtualServices as a cache holds them.
* ``mesh``: the port, over a cache and an API server.
"""
