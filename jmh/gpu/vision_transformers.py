"""The transformers that are timed, in plain PyTorch: a vision transformer (DeiT) and a diffusion transformer (DiT)."""

import math

import torch
from torch import nn
from torch.nn.functional import gelu, layer_norm, scaled_dot_product_attention, silu

FREQUENCIES = 256


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        B, N, C = x.shape
        q, k, v = self.qkv(x).view(B, N, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4)
        return self.proj(scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, N, C))


class Mlp(nn.Module):
    def __init__(self, width, approximate):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.approximate = approximate

    def forward(self, x):
        return self.fc2(gelu(self.fc1(x), approximate=self.approximate))


class Patches(nn.Module):
    """(B,channels,R,R) to (B,N,C)."""

    def __init__(self, channels, patch, width):
        super().__init__()
        self.proj = nn.Conv2d(channels, width, patch, patch)

    def forward(self, images):
        return self.proj(images).flatten(2).transpose(1, 2)


class VitBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn, self.mlp = Attention(width, heads), Mlp(width, "none")

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    def __init__(self, resolution, patch, width, depth, heads, classes):
        super().__init__()
        self.inputs = (3, resolution)
        self.classes = classes
        self.patch_embed = Patches(3, patch, width)
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, 1 + (resolution // patch) ** 2, width))
        self.blocks = nn.ModuleList(VitBlock(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)

    def forward(self, images):
        x = self.patch_embed(images)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x[:, 0]))


def frequencies(t, width):
    """Cosines and sines of timesteps (B): (B, width)."""
    half = width // 2
    angles = t[:, None] * torch.exp(-math.log(10_000) / half * torch.arange(half, device=t.device))
    return torch.cat([angles.cos(), angles.sin()], -1)


def modulate(x, shift, scale):
    return layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale[:, None]) + shift[:, None]


class DitBlock(nn.Module):
    """adaLN-Zero (Peebles and Xie 2023), but with gates that are not zero, so that all of it has gradients."""

    def __init__(self, width, heads):
        super().__init__()
        self.attn, self.mlp = Attention(width, heads), Mlp(width, "tanh")
        self.modulation = nn.Linear(width, 6 * width)

    def forward(self, x, condition):
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulation(condition).chunk(6, -1)
        x = x + gate1[:, None] * self.attn(modulate(x, shift1, scale1))
        return x + gate2[:, None] * self.mlp(modulate(x, shift2, scale2))


class DiffusionTransformer(nn.Module):
    """Predicts the noise alone, without a variance."""

    def __init__(self, resolution, patch, channels, width, depth, heads, classes):
        super().__init__()
        self.inputs = (channels, resolution)
        self.classes = classes
        self.patch = patch
        self.x_embedder = Patches(channels, patch, width)
        self.register_buffer("pos_embed", 0.02 * torch.randn(1, (resolution // patch) ** 2, width))
        self.times = nn.Sequential(nn.Linear(FREQUENCIES, width), nn.SiLU(), nn.Linear(width, width))
        self.labels = nn.Embedding(classes + 1, width)
        self.blocks = nn.ModuleList(DitBlock(width, heads) for _ in range(depth))
        self.modulation = nn.Linear(width, 2 * width)
        self.head = nn.Linear(width, patch * patch * channels)

    def forward(self, noisy, t, labels):
        condition = silu(self.times(frequencies(t, FREQUENCIES)) + self.labels(labels))
        x = self.x_embedder(noisy) + self.pos_embed
        for block in self.blocks:
            x = block(x, condition)
        shift, scale = self.modulation(condition).chunk(2, -1)
        x = self.head(modulate(x, shift, scale))
        B, C, grid = len(x), self.inputs[0], self.inputs[1] // self.patch
        x = x.view(B, grid, grid, self.patch, self.patch, C)
        return x.permute(0, 5, 1, 3, 2, 4).reshape(noisy.shape)
