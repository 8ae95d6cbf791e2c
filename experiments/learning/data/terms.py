"""Terms of use of the MovieLens data, in the words of their README files, shown before a download."""

from __future__ import annotations

_NO_WARRANTY = (
    "Neither the University of Minnesota nor any of the researchers involved can guarantee the correctness of the "
    "data, its suitability for any particular purpose, or the validity of results based on the use of the data set."
)

MOVIELENS_100K = f"""\
MovieLens data sets were collected by the GroupLens Research Project at the University of Minnesota.

{_NO_WARRANTY} The data set may be used for any research purposes under the following conditions:

- The user may not state or imply any endorsement from the University of Minnesota or the GroupLens Research Group.
- The user must acknowledge the use of the data set in publications resulting from the use of the data set.
- The user may not redistribute the data without separate permission.
- The user may not use this information for any commercial or revenue-bearing purposes without first obtaining
  permission from a faculty member of the GroupLens Research Project at the University of Minnesota.

To acknowledge use, cite: F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets: History and Context.
ACM Transactions on Interactive Intelligent Systems 5, 4, Article 19. https://doi.org/10.1145/2827872
Full text: https://files.grouplens.org/datasets/movielens/ml-100k-README.txt
"""

MOVIELENS_1M = MOVIELENS_100K.replace("ml-100k-README", "ml-1m-README")

MOVIELENS_LATEST = f"""\
MovieLens data sets were collected by the GroupLens Research Project at the University of Minnesota.

{_NO_WARRANTY} The data set may be used for any research purposes under the following conditions:

- The user may not state or imply any endorsement from the University of Minnesota or the GroupLens Research Group.
- The user must acknowledge the use of the data set in publications resulting from the use of the data set.
- The user may redistribute the data set, including transformations, so long as it is distributed under these same
  license conditions.
- The user may not use this information for any commercial or revenue-bearing purposes without first obtaining
  permission from a faculty member of the GroupLens Research Project at the University of Minnesota.
- The executable software scripts are provided "as is" without warranty of any kind.

To acknowledge use, cite: F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets: History and Context.
ACM Transactions on Interactive Intelligent Systems 5, 4, Article 19. https://doi.org/10.1145/2827872
Full text: https://files.grouplens.org/datasets/movielens/ml-latest-small-README.html
"""
