"""The network: hashed words and suffixes, then dilated convolutions with gates (Dauphin et al., 2017)."""

import torch
from torch import nn

from hindi_stt.text.punctuation_features import N_PAUSE_FEATURES, TABLE_SIZES

from .text import MARKS

WIDTH, DILATIONS = 96, (1, 2, 4, 8, 16)


class Network(nn.Module):
    """Scores of the four marks behind every word of a passage."""

    def __init__(self, dropout: float = 0.3, table_dropout: float = 0.12):
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(size, WIDTH) for size in TABLE_SIZES)
        for table in self.tables:
            nn.init.normal_(table.weight, std=0.45)
        self.pause = nn.Linear(N_PAUSE_FEATURES, WIDTH)
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in DILATIONS)
        self.gates = nn.ModuleList(nn.Conv1d(WIDTH, 2 * WIDTH, 3, dilation=d, padding=d) for d in DILATIONS)
        self.outs = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in DILATIONS)
        self.final = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, len(MARKS))
        self.dropout = nn.Dropout(dropout)
        self.table_dropout = table_dropout

    def forward(self, rows: torch.Tensor, pauses: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Scores the marks.

        Args:
            rows: int64 [batch, words, tables].
            pauses: float32 [batch, words, features].
            lengths: int64 [batch], words of each passage.

        Returns:
            float32 [batch, words, marks].
        """
        mask = (torch.arange(rows.shape[1]) < lengths[:, None])[..., None].float()
        x = torch.zeros(*rows.shape[:2], WIDTH)
        for number, table in enumerate(self.tables):
            part = table(rows[..., number])
            if self.training:  # a whole row at a time, so that no table is relied on alone
                part = part * (torch.rand(*rows.shape[:2], 1) > self.table_dropout) / (1 - self.table_dropout)
            x = x + part
        x = self.dropout(x) + self.pause(pauses)
        for norm, gate, out in zip(self.norms, self.gates, self.outs, strict=True):
            y = nn.functional.glu(gate((norm(x) * mask).transpose(1, 2)), dim=1)
            x = x + self.dropout(out(y.transpose(1, 2)))
        return self.head(self.final(x))


def loss(scores: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Cross-entropy; INNER and OUTER stand for either of two marks, −1 for no label.

    Args:
        scores: float32 [positions, marks].
        labels: int64 [positions].
        weights: float32 [6], by label.

    Returns:
        The weighted mean, a scalar.
    """
    known = labels >= 0
    scores, labels = scores[known], labels[known]
    log_p = scores.log_softmax(-1)
    inner = torch.logaddexp(log_p[:, 0], log_p[:, 1])
    outer = torch.logaddexp(log_p[:, 2], log_p[:, 3])
    table = torch.cat([log_p, inner[:, None], outer[:, None]], dim=1)
    weight = weights[labels]
    return -(weight * table.gather(1, labels[:, None])[:, 0]).sum() / weight.sum()
